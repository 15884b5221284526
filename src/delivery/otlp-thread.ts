import { Otlp } from './otlp.ts';
import { serve } from './thread.ts';

// oxlint-disable-next-line no-restricted-properties -- a thread begins here, as a process does in its main file
const nowMs = Date.now;
let say: (message: string) => void = () => {};
serve({
  nowMs,
  otlp: {
    open: (endpoint) => new Otlp(endpoint, { nowMs, notice: (message) => say(message) }),
    reportPartialSuccess(notice) {
      say = notice;
    },
  },
});
