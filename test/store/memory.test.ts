import { memoryStore } from '../../src/store/memory.ts';
import { conformance } from './conformance.ts';

async function open(options = {}) {
  const store = memoryStore(options);
  return { store, dispose: () => store.close() };
}

conformance('memory', open, 'passing');
