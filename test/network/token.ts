/**
 * Asks for a token with a credential of the official client that finds the identity by itself, and prints the token or the
 * error. A process of its own each time: the client keeps tokens for the whole process.
 */
import { DefaultAzureCredential, ManagedIdentityCredential } from '@azure/identity';

export type TokenAnswer = { readonly token: string } | { readonly name: string; readonly message: string };

const credential =
  process.argv[2] === 'DefaultAzureCredential' ? new DefaultAzureCredential() : new ManagedIdentityCredential();

async function answer(): Promise<TokenAnswer> {
  try {
    return { token: (await credential.getToken('https://vault.azure.net/.default')).token };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { name: error.name, message: error.message };
  }
}

process.stdout.write(JSON.stringify(await answer()));
