// The application: it reads a secret, signs with a key and reads a certificate.
import { DefaultAzureCredential } from '@azure/identity';
import { CertificateClient } from '@azure/keyvault-certificates';
import { CryptographyClient } from '@azure/keyvault-keys';
import { SecretClient } from '@azure/keyvault-secrets';

const vault = process.env.KEYVAULT_URL;
const credential = new DefaultAzureCredential();

const uses = {
  async secret() {
    const { value } = await new SecretClient(vault, credential).getSecret('db-password');
    return value;
  },
  async key() {
    const key = new CryptographyClient(`${vault}/keys/orders`, credential);
    const { result } = await key.signData('ES256', Buffer.from('order 1'));
    return `a signature of ${result.length} bytes`;
  },
  async certificate() {
    const { policy } = await new CertificateClient(vault, credential).getCertificate('shop');
    return policy.subject;
  },
};

for (const [name, use] of Object.entries(uses)) {
  try {
    console.log(`${name}: ${await use()}`);
  } catch (error) {
    console.log(`${name}: ${error.statusCode} ${error.message.split(/\r?\n/, 2).join(' ')}`);
  }
}
