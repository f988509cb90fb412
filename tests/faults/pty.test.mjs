// Every way in which a terminal's connection can go wrong: no byte is lost or given twice, each end is told apart, and nothing is
// left open.
import assert from "node:assert/strict";
import { test } from "node:test";
import { json, noUnhandledRejections, pause, until } from "./fault-server.mjs";
import { BrowserWebSocket, connected, exit, frame, readAll, replay, terminal, WebSocket } from "./terminal-server.mjs";

noUnhandledRejections();

const rejection = (promise) =>
  promise.then(
    () => assert.fail("it should have rejected"),
    (error) => error,
  );
const say =
  (...frames) =>
  (socket) => {
    for (const one of frames) socket.send(one);
  };
/** Answers pings and waits. */
const open = (socket) => {
  socket.send(connected());
  socket.on("message", (data, isBinary) => {
    if (!isBinary && JSON.parse(data).type === "ping") socket.send('{"type":"pong"}');
  });
};

/** Numbers from 0 to 1, the same ones for the same seed. */
function random(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

test("a connection that drops anywhere loses no byte and gives none twice", async () => {
  const text = "plain ünïcode 日本語 😀 \u001b[31mred\u001b[0m\r\n".repeat(40);
  const whole = Buffer.from(text);
  for (let seed = 1; seed <= 25; seed++) {
    const next = random(seed);
    let printed = 0;
    const script = (socket, { since }) => {
      // While nobody was there it has printed on.
      printed = Math.min(whole.length, Math.max(printed, since) + Math.floor(next() * 40));
      const frames = since < printed ? [replay(since, whole.subarray(since, printed))] : [];
      frames.push(connected());
      while (printed < whole.length && frames.length < 12) {
        const to = Math.min(whole.length, printed + 1 + Math.floor(next() * 60));
        frames.push(frame(1, whole.subarray(printed, to)));
        printed = to;
      }
      const last = printed === whole.length;
      if (last) frames.push(exit(3));
      const cut = last ? frames.length : Math.floor(next() * (frames.length + 1));
      for (const one of frames.slice(0, cut)) socket.send(one);
      if (last) return socket.close(1000, "process exited");
      const how = Math.floor(next() * 3);
      if (how === 0) socket.terminate();
      else if (how === 1) socket.close(1011);
      // In the middle of a frame: what it says will not come.
      else socket.raw.write(Buffer.from([0x82, 0x20, 0x01, 0x41]), () => socket.terminate());
    };
    const gaps = [];
    await terminal([script], async (sandbox, server) => {
      server.state.output_offset = whole.length;
      // An attempt that is cut before it is connected is an error of the opening: that is another test.
      const session = await sandbox.pty.create({ onGap: (gap) => gaps.push(gap) }).catch(() => undefined);
      if (!session) return;
      const read = seed % 2 ? readAll(session.output) : undefined;
      let asText = "";
      if (!read) for await (const piece of session.output.text()) asText += piece;
      assert.equal(read ? (await read).bytes.toString() : asText, text, `seed ${seed}`);
      assert.equal(await session.wait(), 3);
      assert.equal(session.offset, whole.length);
    });
    assert.deepEqual(gaps, [], `seed ${seed}`);
  }
});

test("what the server no longer has is reported as a gap, and text goes on after it", async () => {
  const gaps = [];
  const scripts = [
    (socket) => {
      say(connected(), frame(1, "abc"), frame(1, Buffer.from([0xe2, 0x82])))(socket);
      setTimeout(() => socket.terminate(), 50);
    },
    say(replay(1000, "xyz"), connected(), exit(0)),
  ];
  await terminal(scripts, async (sandbox, server) => {
    server.state.output_offset = 1003;
    const session = await sandbox.pty.create({ onGap: (gap) => gaps.push(gap) });
    let text = "";
    for await (const piece of session.output.text()) text += piece;
    assert.equal(text, "abc\ufffdxyz");
    assert.deepEqual(gaps, [{ from: 5, to: 1000 }]);
    assert.equal(server.connections[1].since, 5);
  });
});

test("a replay that begins too early gives nothing twice", async () => {
  const scripts = [
    (socket) => {
      say(connected(), frame(1, "abcdef"))(socket);
      setTimeout(() => socket.terminate(), 50);
    },
    say(replay(2, "cdefgh"), connected(), exit(0)),
  ];
  await terminal(scripts, async (sandbox) => {
    const session = await sandbox.pty.create();
    assert.equal((await readAll(session.output)).bytes.toString(), "abcdefgh");
  });
});

test("a server that never closes: the exit counts, detach ends it, and no connection is left", async () => {
  const mute =
    (...frames) =>
    (socket) => {
      say(...frames)(socket);
      // Neither answers a close frame nor closes the connection.
      socket.raw.removeAllListeners("data");
      socket.raw.resume();
    };
  await terminal([mute(connected(), frame(1, "out"), exit(7))], async (sandbox) => {
    const session = await sandbox.pty.create();
    assert.equal((await readAll(session.output)).bytes.toString(), "out");
    assert.equal(await session.wait(), 7);
    assert.deepEqual([session.exitCode, session.state], [7, "exited"]);
  });
  await terminal([mute(connected(), frame(1, "out"))], async (sandbox, server) => {
    const session = await sandbox.pty.create();
    const reading = readAll(session.output);
    await until(() => session.offset === 3, "the output has come");
    await session.detach();
    assert.deepEqual(await reading, { bytes: Buffer.from("out"), error: undefined });
    assert.equal((await rejection(session.wait())).code, "CLOSED");
    assert.equal((await rejection(session.write("x"))).code, "CLOSED");
    assert.deepEqual([session.state, session.exitCode, server.deleted()], ["closed", undefined, 0]);
  });
});

test("a connection that is dead is left and made anew; one that answers pings is kept", async () => {
  const states = [];
  await terminal([say(connected()), open], async (sandbox, server) => {
    const session = await sandbox.pty.create({ idleTimeoutSeconds: 0.3, onStateChange: (state) => states.push(state) });
    await until(() => server.connections.length === 2, "it connects again");
    await until(() => session.state === "connected", "it is connected");
    assert.equal(server.connections[0].heard.filter(({ type }) => type === "ping").length, 2);
    await until(() => server.connections[1].heard.filter(({ type }) => type === "ping").length > 8, "pings go on");
    assert.equal(server.connections.length, 2);
    assert.deepEqual(states, ["connected", "reconnecting", "connected"]);
    await session.detach();
  });
});

test("another client takes over: the session ends and does not fight for the terminal", async () => {
  const scripts = [
    (socket) => {
      say(connected(), frame(1, "mine"))(socket);
      setTimeout(() => socket.close(4001, "TAKEN_OVER"), 50);
    },
  ];
  await terminal(scripts, async (sandbox, server) => {
    const session = await sandbox.pty.create();
    const { bytes, error } = await readAll(session.output);
    assert.equal(bytes.toString(), "mine");
    assert.deepEqual([error.name, error.code, error.stillRunning], ["SandboxStreamException", "TAKEN_OVER", true]);
    assert.equal(await rejection(session.wait()), error);
    await pause(300);
    assert.equal(server.connections.length, 1);
  });
});

test("frames that are none end the session, after what came before them", async () => {
  const replayFrom = (offset) => replay(offset, "x");
  const wrong = {
    "no JSON": "nonsense",
    "no message": "null",
    "no type": '{"a":1}',
    "an unknown channel": frame(9, "x"),
    "a replay without an offset": Buffer.from([3, 0, 0]),
    "a negative offset": replayFrom(-1),
    "an offset that is no number": replay("9223372036854775807", "x"),
  };
  for (const [what, bad] of Object.entries(wrong)) {
    await terminal([say(connected(), frame(1, "good"), bad, frame(1, "late"))], async (sandbox) => {
      const session = await sandbox.pty.create();
      const { bytes, error } = await readAll(session.output);
      assert.equal(bytes.toString(), "good", what);
      assert.equal(error.code, "MALFORMED_EVENT", what);
      assert.equal(await rejection(session.wait()), error, what);
    });
  }
  // What a later server may say, and what says nothing.
  const harmless = [
    Buffer.alloc(0),
    '{"type":"new"}',
    '{"type":"error","code":"INVALID_FRAME","error":"x"}',
    frame(1, ""),
  ];
  await terminal([say(connected(), ...harmless, exit(0))], async (sandbox) => {
    assert.equal(await (await sandbox.pty.create()).wait(), 0);
  });
});

test("a program that ended while nobody was attached: exit code unknown, what is lost is a gap, and it is not started again", async () => {
  for (const answer of [{ running: false, output_offset: 10 }, { status: 404 }]) {
    const gaps = [];
    const scripts = [
      (socket) => {
        say(connected(), frame(1, "abc"))(socket);
        setTimeout(() => socket.terminate(), 50);
      },
    ];
    await terminal(scripts, async (sandbox, server) => {
      const session = await sandbox.pty.create({ onGap: (gap) => gaps.push(gap) });
      Object.assign(server.state, answer);
      assert.equal(await session.wait(), null);
      assert.deepEqual([session.exitCode, session.state], [null, "exited"]);
      assert.equal((await readAll(session.output)).bytes.toString(), "abc");
      assert.equal(server.connections.length, 1);
      assert.deepEqual(gaps, answer.status ? [] : [{ from: 3, to: 10 }]);
    });
  }
});

test("an exit that overtakes the last output: what did not come is a gap", async () => {
  const gaps = [];
  await terminal([say(connected(), frame(1, "abc"), exit(0))], async (sandbox, server) => {
    server.state.output_offset = 9;
    const session = await sandbox.pty.create({ onGap: (gap) => gaps.push(gap) });
    assert.equal(await session.wait(), 0);
    assert.deepEqual(gaps, [{ from: 3, to: 9 }]);
  });
});

test("a seat that is not free yet: the owner takes it at the second attempt, a guest waits", async () => {
  const drop = (socket) => {
    socket.send(connected());
    setTimeout(() => socket.terminate(), 50);
  };
  await terminal([drop, 409, open], async (sandbox, server) => {
    const session = await sandbox.pty.create();
    await until(() => server.connections.length === 3 && session.state === "connected", "it is back");
    assert.deepEqual(
      server.connections.map(({ takeover }) => takeover),
      [false, false, true],
    );
    await session.detach();
  });
  await terminal([drop, 409, 409, open], async (sandbox, server) => {
    const session = await sandbox.pty.attach("t");
    await until(() => server.connections.length === 4 && session.state === "connected", "it is back", 10_000);
    assert.ok(server.connections.every(({ takeover }) => !takeover));
    await session.detach();
  });
});

test("a connection that does not come back is an error, after the time that was given", async () => {
  const drop = (socket) => {
    socket.send(connected());
    socket.send(frame(1, "abc"));
    setTimeout(() => socket.terminate(), 50);
  };
  for (const reconnectTimeoutSeconds of [0, 0.7]) {
    await terminal([drop, 503], async (sandbox, server) => {
      const session = await sandbox.pty.create({ reconnectTimeoutSeconds });
      const writing = until(() => session.state === "reconnecting" || session.state === "closed", "it is gone").then(
        () => session.write("x"),
      );
      const { bytes, error } = await readAll(session.output);
      assert.equal(bytes.toString(), "abc");
      assert.deepEqual([error.name, error.code], ["SandboxStreamException", "STREAM_INTERRUPTED"]);
      assert.equal(await rejection(session.wait()), error);
      assert.equal(await rejection(writing), error);
      assert.equal(server.connections.length > 1, reconnectTimeoutSeconds > 0);
    });
  }
});

test("what is written without a connection is sent when there is one, in order; the size is set again", async () => {
  const drop = (socket) => {
    socket.send(connected());
    setTimeout(() => socket.terminate(), 50);
  };
  await terminal([drop, 503, open], async (sandbox, server) => {
    const session = await sandbox.pty.create({ cols: 90, rows: 20 });
    await until(() => session.state === "reconnecting", "it is gone");
    session.resize(100, 30);
    const buffer = Uint8Array.from([98]);
    const writes = [
      session.write("a"),
      session.write(buffer),
      session.write(new Uint8Array([99]).buffer),
      session.write("é"),
    ];
    buffer[0] = 0;
    await Promise.all(writes);
    await until(() => server.connections[2].typed === "abcé", "all of it has come");
    const sizes = server.connections.map(({ heard }) => heard.filter(({ type }) => type === "resize"));
    assert.deepEqual(sizes, [[{ type: "resize", cols: 90, rows: 20 }], [], [{ type: "resize", cols: 100, rows: 30 }]]);
    await session.write("x".repeat(100_000));
    await until(() => server.connections[2].typed.length === 100_004, "in pieces");
    await session.signal("SIGHUP");
    await until(() => server.connections[2].heard.some(({ signal }) => signal === "SIGHUP"), "the signal has come");
    await session.detach();
  });
});

test("a terminal that cannot be opened is the server's error, and is deleted", async () => {
  const failed = JSON.stringify({ type: "error", code: "START_FAILED", error: "no bash" });
  await terminal([say(failed)], async (sandbox, server) => {
    const error = await rejection(sandbox.pty.create());
    assert.deepEqual([error.name, error.code, error.message], ["SandboxApiException", "START_FAILED", "no bash"]);
    await until(() => server.deleted() === 1, "it is deleted");
  });
  await terminal([(socket) => socket.terminate()], async (sandbox, server) => {
    assert.equal((await rejection(sandbox.pty.create())).code, "NETWORK_ERROR");
    await until(() => server.deleted() === 1, "it is deleted");
  });
  await terminal([() => {}], async (sandbox, server) => {
    const late = await rejection(sandbox.pty.create({ requestTimeoutSeconds: 0.2 }));
    assert.equal(late.code, "REQUEST_TIMEOUT");
    const aborted = await rejection(sandbox.pty.create({ signal: AbortSignal.timeout(100) }));
    assert.equal(aborted.code, "ABORTED");
    await until(() => server.deleted() === 2, "they are deleted");
  });
});

test("why a handshake was refused is asked for, because a browser does not say it", async () => {
  const routes = {
    "GET /pty/t/ws": (_, response) => json(response, 409, { code: "ALREADY_CONNECTED", message: "somebody is there" }),
  };
  for (const takeover of [false, true]) {
    await terminal(
      [takeover ? open : 409],
      async (sandbox, server) => {
        const attaching = sandbox.pty.attach("t", { takeover });
        if (takeover) await (await attaching).detach();
        else {
          const error = await rejection(attaching);
          assert.deepEqual(
            [error.name, error.code, error.statusCode],
            ["SandboxApiException", "ALREADY_CONNECTED", 409],
          );
        }
        assert.equal(server.connections[0].takeover, takeover);
        assert.equal(server.deleted(), 0);
      },
      { routes },
    );
  }
});

test("a program that is not running is not started by an attach, unless that is wanted", async () => {
  await terminal([open], async (sandbox, server) => {
    server.state.running = false;
    assert.equal((await rejection(sandbox.pty.attach("t"))).code, "PTY_NOT_RUNNING");
    assert.equal(server.connections.length, 0);
    await (await sandbox.pty.attach("t", { restart: true })).detach();
    assert.equal(server.connections.length, 1);
  });
});

test("attach: what was printed before is no gap, unless it was asked for", async () => {
  for (const since of [undefined, 3]) {
    const gaps = [];
    await terminal([say(replay(10, "abc"), connected(), exit(0))], async (sandbox, server) => {
      server.state.output_offset = 13;
      const session = await sandbox.pty.attach("t", { since, onGap: (gap) => gaps.push(gap) });
      assert.equal((await readAll(session.output)).bytes.toString(), "abc");
      assert.equal(server.connections[0].since, since ?? 0);
      assert.deepEqual(gaps, since ? [{ from: 3, to: 10 }] : []);
    });
  }
});

test("headers: sent where the WebSocket can, a typed error where it cannot and they are needed", async () => {
  await terminal([open], async (sandbox, server) => {
    await (await sandbox.pty.create({ headers: { "X-Mine": "1" } })).detach();
    const { headers } = server.connections[0];
    assert.equal(headers["x-execd-access-token"], "t");
    assert.equal(headers["x-mine"], "1");
    assert.equal(headers["open-sandbox-api-key"], undefined, "the key is not for a sandbox");
    const error = await rejection(sandbox.pty.create({ WebSocket: BrowserWebSocket }));
    assert.equal(error.code, "NO_WEB_SOCKET");
    assert.match(error.message, /useServerProxy/);
    assert.equal(server.connections.length, 1);
    // Node's own takes them in an object where a browser takes names.
    class Undici extends BrowserWebSocket {
      constructor(url, init) {
        super(url);
        Undici.init = init;
      }
    }
    await (await sandbox.pty.create({ WebSocket: Undici })).detach();
    assert.equal(Undici.init.headers["X-EXECD-ACCESS-TOKEN"], "t");
  });
  // Nothing is needed, and the browser's will do.
  const routes = {
    "GET /v1/sandboxes/s1/endpoints/44772": (request, response) =>
      json(response, 200, { endpoint: `${request.headers.host}/execd` }),
  };
  await terminal([open], async (sandbox) => (await sandbox.pty.create()).detach(), {
    routes,
    WebSocket: BrowserWebSocket,
  });
});

test("a runtime without a WebSocket: a typed error that says what to do, before anything is sent", async () => {
  const own = Object.getOwnPropertyDescriptor(globalThis, "WebSocket");
  delete globalThis.WebSocket;
  const work = async (sandbox, server) => {
    const error = await rejection(sandbox.pty.create());
    assert.deepEqual([error.name, error.code], ["SandboxException", "NO_WEB_SOCKET"]);
    assert.match(error.message, /WebSocket of this call or of the connectionConfig/);
    assert.equal(server.count("POST /pty"), 0);
    // Looked up at each call.
    globalThis.WebSocket = WebSocket;
    await (await sandbox.pty.create()).detach();
  };
  try {
    await terminal([open], work, { WebSocket: undefined });
  } finally {
    delete globalThis.WebSocket;
    if (own) Object.defineProperty(globalThis, "WebSocket", own);
  }
});

test("closing the sandbox ends the session and not the program; await using kills what was created", async () => {
  await terminal([open], async (sandbox, server) => {
    const session = await sandbox.pty.create();
    const reading = readAll(session.output);
    await sandbox.close();
    assert.equal((await reading).error.code, "CLOSED");
    assert.equal((await rejection(session.wait())).code, "CLOSED");
    assert.equal(server.deleted(), 0);
  });
  await terminal([open], async (sandbox, server) => {
    await (await sandbox.pty.create())[Symbol.asyncDispose]();
    assert.equal(server.deleted(), 1);
    const guest = await sandbox.pty.attach("t");
    await guest[Symbol.asyncDispose]();
    assert.deepEqual([server.deleted(), guest.state], [1, "closed"]);
  });
});

test("kill: the exit that the server tells counts", async () => {
  let attached;
  const script = (socket) => {
    open(socket);
    attached = socket;
  };
  const routes = {
    "DELETE /pty/t": (_, response) => {
      response.end();
      attached.send(exit(-1));
      attached.close(1000);
    },
  };
  await terminal(
    [script],
    async (sandbox) => {
      const session = await sandbox.pty.create();
      await session.kill();
      assert.equal(await session.wait(), -1);
    },
    { routes },
  );
});

test("a handler that throws ends the session with what it threw", async () => {
  const mine = new Error("mine");
  const throws = () => {
    throw mine;
  };
  await terminal([say(replay(5, "x"), connected())], async (sandbox) => {
    const error = await rejection(sandbox.pty.attach("t", { since: 1, onGap: throws }));
    assert.equal(error, mine);
  });
  await terminal([open], async (sandbox) => {
    assert.equal(
      await rejection(sandbox.pty.create({ onStateChange: throws }).then((session) => session.wait())),
      mine,
    );
  });
});

test("input that the program cannot take ends the session with the server's error", async () => {
  const failed = JSON.stringify({ type: "error", code: "STDIN_WRITE_FAILED", error: "broken pipe" });
  await terminal([say(connected("pipe"), failed)], async (sandbox) => {
    const session = await sandbox.pty.create({ pipe: true });
    assert.equal((await rejection(session.wait())).code, "STDIN_WRITE_FAILED");
  });
});

test("output that nobody reads does not hold up the end, and says that it is gone", async () => {
  const script = (socket) => {
    socket.send(connected());
    for (let sent = 0; sent < 5 << 20; sent += 32_768) socket.send(frame(1, Buffer.alloc(32_768)));
    socket.send(exit(0));
  };
  await terminal([script], async (sandbox, server) => {
    server.state.output_offset = 5 << 20;
    const session = await sandbox.pty.create();
    assert.equal(await session.wait(), 0);
    const { bytes, error } = await readAll(session.output);
    assert.deepEqual([bytes.length, error.code], [0, "CONSUMER_TOO_SLOW"]);
  });
});

test("a reader that does not come back: the socket is paused, or else the session ends at 64 MiB", async () => {
  const size = 72 << 20;
  const script = (socket) => {
    socket.send(connected());
    for (let sent = 0; sent < size; sent += 1 << 20) socket.send(frame(1, Buffer.alloc(1 << 20, 120)));
    socket.send(exit(0));
  };
  await terminal([script], async (sandbox, server) => {
    server.state.output_offset = size;
    const session = await sandbox.pty.create();
    const reader = session.output[Symbol.asyncIterator]();
    await until(() => session.offset > 16 << 20, "much has come", 20_000);
    await pause(200);
    assert.ok(session.offset < 20 << 20, "then no more");
    let read = 0;
    for (let step = await reader.next(); !step.done; step = await reader.next()) read += step.value.length;
    assert.equal(read, size);
    assert.equal(await session.wait(), 0);
  });
  await terminal(
    [script],
    async (sandbox, server) => {
      server.state.output_offset = size;
      const session = await sandbox.pty.create({ WebSocket: BrowserWebSocket });
      session.output[Symbol.asyncIterator]();
      assert.equal((await rejection(session.wait())).code, "CONSUMER_TOO_SLOW");
    },
    {
      routes: {
        "GET /v1/sandboxes/s1/endpoints/44772": (request, response) =>
          json(response, 200, { endpoint: `${request.headers.host}/execd` }),
      },
    },
  );
});

test("a connection that is lost while its socket is paused: the next one is paused, too", async () => {
  const part = 24 << 20;
  const burst = (socket, { since }) => {
    socket.send(connected());
    for (let sent = 0; sent < part; sent += 1 << 20) socket.send(frame(1, Buffer.alloc(1 << 20, 120)));
    if (since > 0) socket.send(exit(0));
  };
  await terminal([burst], async (sandbox) => {
    const sockets = [];
    class Kept extends WebSocket {
      constructor(url, protocols, options) {
        super(url, protocols, options);
        sockets.push(this);
      }
    }
    const session = await sandbox.pty.create({ WebSocket: Kept });
    const reader = session.output[Symbol.asyncIterator]();
    await until(() => sockets[0].isPaused, "the first is paused", 30_000);
    sockets[0].terminate();
    await until(() => sockets[1]?.isPaused, "the second is paused", 30_000);
    assert.ok(session.offset < 40 << 20, `${session.offset} bytes are held`);
    // The exit comes when the rest is read.
    let read = 0;
    for (let step = await reader.next(); !step.done; step = await reader.next()) read += step.value.length;
    assert.equal(read, session.offset);
    assert.equal(await session.wait(), 0);
  });
});

test("a server that lets us in and throws us out, again and again, is asked less and less often, and given up", async () => {
  const throwOut = (socket) => {
    socket.send(connected());
    socket.close(1011);
  };
  await terminal([throwOut], async (sandbox, server) => {
    const session = await sandbox.pty.create({ reconnectTimeoutSeconds: 2 });
    assert.equal((await rejection(session.wait())).code, "STREAM_INTERRUPTED");
    // Pauses of at least 125, 250, 500 and 1000 ms.
    assert.ok(server.connections.length <= 7, `${server.connections.length} connections`);
  });
});

test("a WebSocket that cannot be made, as in a page that may not connect there: the reason is in the error", async () => {
  const mine = new DOMException("insecure", "SecurityError");
  class Refusing {
    constructor() {
      throw mine;
    }
  }
  await terminal([open], async (sandbox, server) => {
    const error = await rejection(sandbox.pty.create({ WebSocket: Refusing }));
    assert.deepEqual([error.name, error.code, error.cause], ["SandboxConnectionException", "NETWORK_ERROR", mine]);
    assert.equal(server.count("GET /pty/t/ws"), 0);
    await until(() => server.deleted() === 1, "it is deleted");
  });
});
