// A program as it would run on App Service: it asks for a token of its managed identity, and reads a secret with it. Nothing
// in it is about Postern.
const { IDENTITY_ENDPOINT, IDENTITY_HEADER, VAULT_URL } = process.env;
const resource = `https://${VAULT_URL.slice(VAULT_URL.indexOf('.') + 1)}`;

const issued = await fetch(`${IDENTITY_ENDPOINT}?api-version=2019-08-01&resource=${resource}`, {
  headers: { 'x-identity-header': IDENTITY_HEADER },
});
const { access_token: token } = await issued.json();
const answer = await fetch(`${VAULT_URL}/secrets/greeting?api-version=7.4`, {
  headers: { authorization: `Bearer ${token}` },
});
const { value, error } = await answer.json();
console.log(value ?? `${answer.status} ${error.innererror?.code ?? error.code}: ${error.message}`);
