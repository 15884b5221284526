import assert from 'node:assert/strict';
import { prefaceLine, ReaderMessages, readOrder, readPreface } from '../../../src/worker/readers/protocol.ts';
import { bytesOf, textOf } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

const address = { family: 4, value: 0x0a_00_00_04, text: '10.0.0.4' } as const;
const subnet = { kind: 'subnet', subnet: '/s', incarnation: 'i', address, assurance: 'enforced' } as const;

/** The lines between the worker and its readers: a first line that is read is written as the same connection again. */
export const readerLines: FuzzTarget = {
  form: 'text',
  words: ['"kind":', '"requests"', '"records"', '"lines":', '"frames":', '"forget":true', '\n', '10.0.0.4', '::1'],
  samples: () => ({
    inputs: [
      prefaceLine({ kind: 'requests', epoch: 1, source: subnet, serves: 'vaults', servername: 'a', tls: 'TLSv1.3' }),
      '{"kind":"records","epoch":1,"reader":2,"pid":3}',
      '{"id":1,"lines":[[1,5],[0,6]],"frames":{"1":"/R"},"ended":[{"operation":"o","seconds":1}]}\n{"time":""}\n{}\n',
      '{"forget":true,"took":4,"vitals":{"connections":[],"inFlight":0,"cpuSeconds":1,"residentBytes":1}}\n',
      '{"kind":"changed","order":1,"keys":["subnet/a"]}',
      '{"kind":"recorded","id":1}',
    ].map(bytesOf),
    read(input) {
      const text = textOf(input);
      const [first = ''] = text.split('\n');
      const preface = readPreface(first);
      if (preface?.kind === 'requests') assert.deepEqual(readPreface(prefaceLine(preface).trimEnd()), preface);
      readOrder(first);
      const messages = new ReaderMessages();
      try {
        for (const line of text.split('\n')) messages.take(line);
      } catch (error) {
        // Its connection ends.
        assert.ok(error instanceof TypeError);
      }
    },
  }),
};
