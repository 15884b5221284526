import { createServer } from 'node:http';
import { DefaultAzureCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';

const secrets = new SecretClient(process.env.KEYVAULT_URL, new DefaultAzureCredential());

async function state() {
  try {
    await secrets.getSecret('db-password');
    return 'The shop is open';
  } catch (error) {
    return `The shop is closed: ${error.message.split('\r\n')[0]}`;
  }
}

const server = createServer((_, response) => {
  response.setHeader('content-type', 'text/html');
  void state().then((said) => response.end(`<!doctype html><title>Shop</title><p role="status">${said}</p>`));
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
