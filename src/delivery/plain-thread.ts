import { serve } from './thread.ts';

// oxlint-disable-next-line no-restricted-properties -- a thread begins here, as a process does in its main file
serve({ nowMs: Date.now });
