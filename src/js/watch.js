// The samples of `GET /metrics/watch`: one JSON object a line, no types, no pings, no end.

import { SandboxApiException, SandboxError, SandboxStreamException } from "./errors.js";
import { EventStream } from "./run.js";
import { isSample, shapes } from "./shape.js";

class SampleStream extends EventStream {
  async next() {
    for (;;) {
      const { done, value: raw } = await super.next();
      if (done) return { done, value: undefined };
      if (raw.type === "ping") continue;
      if (isSample(raw)) return { done, value: shapes.metrics(raw) };
      await this.return();
      throw refusal(raw);
    }
  }
}

/** For a line that is no sample: execd says in one why it could not take any. */
function refusal(raw) {
  const said = typeof raw.error === "string" ? raw.error : raw.message;
  if (typeof said === "string") {
    const message = `Watch metrics failed: the daemon could not take a sample: ${said}`;
    const code = typeof raw.code === "string" ? raw.code : "RUNTIME_ERROR";
    return new SandboxApiException({ message, error: new SandboxError(code, message), rawBody: raw });
  }
  const line = JSON.stringify(raw).slice(0, 200);
  const message = `Watch metrics failed: the stream carries something that is no sample: ${line}`;
  return new SandboxStreamException({ message, error: new SandboxError("MALFORMED_EVENT", message), lastEvent: raw });
}

export const sampleStream = (execd, plan) => new SampleStream(execd, plan);
