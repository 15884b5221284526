import { programEnvironment } from '../../src/fabric/machine.ts';
import { FabricFailed } from '../../src/fabric/failed.ts';
import { startInternet } from '../../src/fabric/internet.ts';

/** Starts the internet of a fabric, which this machine does not allow: limits.test.ts reads what is said. */
const internet = { namespace: 'pt-000000-internet', lines: [], nameServer: '168.63.129.16' };
try {
  const { pid } = await startInternet(internet, {
    environment: programEnvironment(),
    isRoot: process.argv[2] === 'root',
  });
  process.kill(pid, 'SIGKILL');
} catch (error) {
  if (!(error instanceof FabricFailed)) throw error;
  process.stdout.write(`${error.message}\n${error.hint}\n`);
}
