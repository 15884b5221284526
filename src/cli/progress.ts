/** How long a terminal shows nothing. */
const patienceMs = 1000;

/**
 * Says on a terminal what is being done, and for how many seconds, once it has taken one. Its line is gone at the end.
 * @param stream standard error: the output may be a file
 */
export function showProgress(what: string, stream: NodeJS.WriteStream): Disposable {
  if (!stream.isTTY) return { [Symbol.dispose]: () => undefined };
  let seconds = 0;
  const timer = setInterval(() => {
    seconds += 1;
    stream.write(`\r${what} … ${seconds} s`);
  }, patienceMs);
  timer.unref();
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      if (seconds > 0) stream.write('\r\u001B[K');
    },
  };
}
