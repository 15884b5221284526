import type { Command } from '../command.ts';
import { inBackground, reportTo } from '../net/background.ts';
import { commanded } from '../net/commanded.ts';
import { readFabricServer } from '../net/fabric-server.ts';
import { placeOfServer } from '../net/place.ts';
import { programEnvironment } from '../../fabric/machine.ts';
import { statusOf } from '../../fabric/ask.ts';
import { runFabric } from '../../fabric/run-fabric.ts';
import { summaryOf } from '../../fabric/status.ts';

export const netUp: Command = {
  name: 'net up',
  synopsis:
    'Builds the virtual networks of the running server on this machine, and keeps them as the resource manager has them. ' +
    'It goes on until Ctrl-C, which removes the networks and ends the workloads in them.',
  options: {},
  required: [],
  flags: { detach: 'return when the networks are there; "postern net down" removes them' },
  async run({ data = 'postern-data' }, { flags }) {
    const place = placeOfServer(data);
    if (flags.has('detach')) {
      const status = await commanded(() => statusOf(place));
      // Each example begins with it.
      if (status.running) return `"postern net up" runs already. ${summaryOf(status)}`;
      return inBackground(['net', 'up', '--data', data]);
    }
    const report = reportTo(process.stdout);
    const stop = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort(signal));
    try {
      await commanded(() =>
        runFabric({
          place,
          environment: programEnvironment(process.env['PATH']),
          readServer: () => readFabricServer(data),
          report,
          stop: stop.signal,
          now: Date.now,
        }),
      );
    } catch (error) {
      report.failed(error);
      throw error;
    }
    return '';
  },
};
