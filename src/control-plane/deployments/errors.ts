import type { Errors } from '../refusal.ts';

/** Errors of deployments and of their Key Vault references. */
export const deploymentErrors = {
  invalidTemplate: {
    status: 400,
    code: 'InvalidTemplate',
    message: ({ message }) => `Deployment template validation failed: '${message}'.`,
  },
  invalidDeployment: { status: 400, code: 'InvalidDeployment', message: ({ message }) => message },
  deploymentNotValid: {
    status: 400,
    code: 'InvalidTemplateDeployment',
    message: ({ name, trackingId }) =>
      `The template deployment '${name}' is not valid according to the validation procedure. The tracking id is '${trackingId}'. See inner errors for details.`,
  },
  deploymentNotFound: {
    status: 404,
    code: 'DeploymentNotFound',
    message: ({ name }) => `Deployment '${name}' could not be found.`,
  },
  deploymentActive: {
    status: 409,
    code: 'DeploymentActive',
    message: ({ name, since }) =>
      `Unable to edit or replace deployment '${name}': previous deployment from '${since}' is still active. Please see https://aka.ms/arm-deploy for usage details.`,
  },
  deploymentNotActive: {
    status: 409,
    code: 'DeploymentNotActive',
    message: ({ name, state }) => `The deployment '${name}' cannot be cancelled: its state is ${state}, not Running.`,
  },
  keyVaultReferenceNotFound: {
    status: 404,
    code: 'KeyVaultParameterReferenceNotFound',
    message: ({ parameter, vaultId }) =>
      `The specified KeyVault '${vaultId}' of the template parameter '${parameter}' could not be found. Please see https://aka.ms/arm-keyvault for usage details.`,
  },
  keyVaultReferenceNotAuthorized: {
    status: 403,
    code: 'KeyVaultParameterReferenceAuthorizationFailed',
    message: ({ objectId, vaultId }) =>
      `The client '${objectId}' with object id '${objectId}' does not have permission to perform action 'Microsoft.KeyVault/vaults/deploy/action' on the specified KeyVault resource '${vaultId}'. Please see https://aka.ms/arm-keyvault for usage details.`,
  },
  keyVaultReferenceNotRead: {
    status: 400,
    code: 'KeyVaultParameterReferenceSecretRetrieveFailed',
    message: ({ parameter, vaultId, status, answered }) =>
      `The secret of KeyVault parameter '${parameter}' cannot be retrieved. Http status code: '${status}'. Error message: '${answered}'. The KeyVault is '${vaultId}'. Please see https://aka.ms/arm-keyvault for usage details.`,
  },
} satisfies Partial<Errors>;
