/** Bundled for a page by `many-secrets.test.ts`: Azure's own client, where the test's script in the page finds it. */
import { SecretClient } from '@azure/keyvault-secrets';

Object.assign(globalThis, { SecretClient });
