import type { Command } from '../command.ts';
import { inBackground, lineTo, reportTo } from '../net/background.ts';
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
  flags: {
    detach: 'return when the networks are there; "postern net down" removes them',
    json: 'as JSON: a line each, { line }, and { line, ready } when the networks are there',
  },
  async run({ data = 'postern-data' }, { flags }) {
    const place = placeOfServer(data);
    const asJson = flags.has('json');
    if (flags.has('detach')) {
      const status = await commanded(() => statusOf(place));
      // Each example begins with it.
      const line = status.running
        ? `"postern net up" runs already. ${summaryOf(status)}`
        : await inBackground(['net', 'up', '--data', data], lineTo(process.stdout, asJson));
      return { output: asJson ? JSON.stringify({ line, ready: true }) : line, exitStatus: 0 };
    }
    const report = reportTo(lineTo(process.stdout, asJson));
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
