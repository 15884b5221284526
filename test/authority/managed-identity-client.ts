/** A workload with a managed identity, started as by App Service: it prints the token that it gets. */
import { ManagedIdentityCredential } from '@azure/identity';

const { scope } = JSON.parse(process.env['POSTERN_TEST'] ?? '{}') as { scope: string };
const { token } = await new ManagedIdentityCredential().getToken(scope);
process.stdout.write(`${token}\n`);
