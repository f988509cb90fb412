// Replays the recorded terminals: the same frames in the same order, whatever chunks the output comes in.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "../local/server.mjs";
import { attach, makeTerminal, status } from "../local/terminal.mjs";
import { server } from "./execd-box.mjs";
import { fixtures } from "./execd-server.mjs";

const decode = (frame) => Buffer.from(frame.base64, "base64").toString("latin1");
/** bash's version, and whether it is root's, are this machine's. */
const prompt = (text) => text.replaceAll(/bash-\d+\.\d+[#$] /g, "bash-5.2# ");

/** Frames as they can be compared: output that follows on output is one for each pipe, as two pipes have no order; ids are the same. */
function comparable(frames) {
  const found = [];
  const outputs = () => found.slice(found.findLastIndex(({ channel }) => channel === undefined) + 1);
  for (const { from, text, channel, base64, close, reason } of frames) {
    // The end of the recording, and of the replay.
    if (close === 1005) continue;
    if (from === "client") found.push({ from });
    else if (text !== undefined) found.push({ text: text.replace(/"session_id":"[^"]+"/, '"session_id":"ID"') });
    else if (close !== undefined) found.push({ close, reason });
    else {
      const same = outputs().find((frame) => frame.channel === channel);
      if (same) same.output += decode({ base64 });
      else {
        const before = outputs().filter((frame) => frame.channel < channel).length;
        found.splice(found.length - outputs().length + before, 0, { channel, output: decode({ base64 }) });
      }
    }
  }
  return found.map((frame) => (frame.output === undefined ? frame : { ...frame, output: prompt(frame.output) }));
}

for (const name of ["pty-interactive", "pty-pipe", "pty-invalid-frame"]) {
  test(name, async () => {
    const recorded = JSON.parse(readFileSync(join(fixtures("execd"), `${name}.json`), "utf8"));
    const { request, frames, status_after } = recorded;
    const id = await makeTerminal(server.base, request.create);
    const client = attach(server.base, id, request.query);
    try {
      for (const [index, frame] of frames.entries()) {
        if (frame.from === "server" && frame.close !== 1005) continue;
        // Not before everything has come that came before it.
        const wanted = JSON.stringify(comparable(frames.slice(0, index)));
        await until(() => JSON.stringify(comparable(client.frames)) === wanted).catch(() =>
          assert.deepEqual(comparable(client.frames), JSON.parse(wanted)),
        );
        if (frame.close === 1005) {
          client.close();
          continue;
        }
        client.frames.push({ from: "client" });
        client.send(frame.text ?? Buffer.concat([Buffer.from([frame.channel]), Buffer.from(frame.base64, "base64")]));
      }
      await client.closed;
      assert.deepEqual(comparable(client.frames), comparable(frames));
      const { running, output_offset } = await status(server.base, id);
      assert.deepEqual({ running, output_offset }, status_after);
    } finally {
      client.close();
    }
  });
}
