// Shows a terminal session in xterm.js, or in what has its methods. Needs neither the package nor xterm.js: both come from the
// caller.

/** So much may be on its way through the screen before more is read: below what makes typing feel slow. */
const HIGH = 131_072;

export function attachPty(terminal, session, { readOnly = false } = {}) {
  let gone = false;
  let pending = 0;
  let room = () => {};
  const readers = [];
  const links = [];
  // What cannot be sent any more: the end of the session says why.
  const ignore = () => {};
  const write = (data) => session.write(data).catch(ignore);

  if (!readOnly) {
    links.push(
      terminal.onData(write),
      // One character per byte: reports of the mouse.
      terminal.onBinary?.((data) => write(Uint8Array.from(data, (char) => char.charCodeAt(0)))),
    );
    const resize = ({ cols, rows }) => session.resize(cols, rows);
    links.push(terminal.onResize(resize));
    resize(terminal);
  }

  const show = async (output) => {
    const reader = output[Symbol.asyncIterator]();
    readers.push(reader);
    for (;;) {
      const { done, value } = await reader.next();
      if (done || gone) return;
      pending += value.length;
      terminal.write(value, () => {
        pending -= value.length;
        room();
      });
      while (pending > HIGH && !gone) {
        await new Promise((resolve) => {
          const others = room;
          room = () => {
            others();
            room = () => {};
            resolve();
          };
        });
      }
    }
  };
  // Both at once: in pipe mode stderr is apart.
  const done = Promise.all([show(session.output), show(session.stderr)]).then(() => {});
  done.catch(ignore);

  return {
    done,
    dispose() {
      gone = true;
      for (const link of links.splice(0)) link?.dispose();
      for (const reader of readers.splice(0)) reader.return();
      room();
    },
  };
}
