import type { SignInRefusal, UserRefusal } from '../refusal.ts';
import { badGrant, badRequest, iso, shown } from './wire.ts';
import type { ErrorsOf } from './wire.ts';

/** The user, or the token of an earlier sign-in, was not accepted. */
export const userErrors: ErrorsOf<UserRefusal> = {
  passwordWrong: {
    ...badGrant,
    code: 50126,
    message: () => 'Error validating credentials due to invalid username or password.',
  },
  accountLocked: {
    ...badGrant,
    code: 50053,
    message: () =>
      "The account is locked, you've tried to sign in too many times with an incorrect user ID or password. Wait a " +
      'minute, or longer if it was locked before.',
  },
  accountDisabled: { ...badGrant, code: 50057, message: () => 'The user account is disabled.' },
  userNotInTenant: {
    ...badGrant,
    code: 50020,
    message: ({ username, tenant }) => `User account '${shown(username)}' does not exist in tenant '${shown(tenant)}'.`,
  },
  signInRevoked: {
    ...badGrant,
    code: 50173,
    message: () =>
      'The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have ' +
      'changed or reset their password.',
  },
  refreshTokenInvalid: {
    ...badGrant,
    code: 9002313,
    message: () => 'Invalid request. Request is malformed or invalid: this is not a refresh token of this authority.',
  },
  refreshTokenExpired: {
    ...badGrant,
    code: 700082,
    message: ({ issuedAt, days }) =>
      `The refresh token has expired due to inactivity. The token was issued on ${iso(issuedAt / 1000)} and was inactive ` +
      `for ${days}.00:00:00.`,
  },
  refreshTokenOfPageExpired: {
    ...badGrant,
    code: 700084,
    message: ({ issuedAt, days }) =>
      'The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime of ' +
      `${days}.00:00:00, which cannot be extended. It is now expired and a new sign in request must be ` +
      `sent by the SPA to the sign in page. The token was issued on ${iso(issuedAt / 1000)}.`,
  },
  refreshTokenOfOtherClient: {
    ...badGrant,
    code: 70000,
    message: () => 'The provided refresh token was issued to another client.',
  },
  deviceCodePending: {
    status: 400,
    error: 'authorization_pending',
    code: 70016,
    message: () => 'OAuth 2.0 device flow error. Authorization is pending. Continue polling.',
  },
  deviceCodeTooFast: {
    status: 400,
    error: 'slow_down',
    code: 70016,
    message: () => 'OAuth 2.0 device flow error. Authorization is pending. Poll no more often than the interval.',
  },
  deviceCodeExpired: {
    status: 400,
    error: 'expired_token',
    code: 70020,
    message: () =>
      "The provided value for the input parameter 'device_code' is not valid. This device code has expired.",
  },
  deviceCodeUnknown: {
    status: 400,
    error: 'bad_verification_code',
    code: 70019,
    message: () =>
      'Verification code is unknown or was used: request a new one. A restart of a server without a shared database drops all codes.',
  },
  codeInvalid: {
    ...badGrant,
    code: 70000,
    message: () => "Provided value for the input parameter 'code' is not valid: sign in again.",
  },
  codeExpired: {
    ...badGrant,
    code: 70008,
    message: () =>
      'The provided authorization code or refresh token has expired due to inactivity. Send a new interactive ' +
      'authorization request for this user and resource.',
  },
  codeUsed: {
    ...badGrant,
    code: 54005,
    message: () =>
      'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.',
  },
  redirectMismatch: {
    ...badGrant,
    code: 500112,
    message: ({ redirectUri }) =>
      `The reply address '${shown(redirectUri)}' does not match the reply address provided when requesting Authorization code.`,
  },
  verifierWrong: {
    ...badGrant,
    code: 501481,
    message: () => 'The Code_Verifier does not match the code_challenge supplied in the authorization request.',
  },
};

/** The sign-in page could not be shown, or its form was not accepted. */
export const signInErrors: ErrorsOf<SignInRefusal> = {
  redirectUnknown: {
    ...badRequest,
    code: 50011,
    message: ({ redirectUri, clientId }) =>
      `The redirect URI '${shown(redirectUri)}' specified in the request does not match the redirect URIs configured for ` +
      `the application '${shown(clientId)}'. Make sure the redirect URI sent in the request matches one added to your application.`,
  },
  responseTypeUnsupported: {
    status: 400,
    error: 'unsupported_response_type',
    code: 700054,
    message: ({ responseType }) => `response_type '${shown(responseType)}' is not enabled: use 'code'.`,
  },
  responseModeUnsupported: {
    ...badRequest,
    code: 70007,
    message: ({ responseMode }) =>
      `'${shown(responseMode)}' is not a supported value for 'response_mode': use query, fragment or form_post.`,
  },
  challengeMissing: {
    ...badRequest,
    code: 9002325,
    message: () =>
      'Proof Key for Code Exchange is required for authorization code redemption: send code_challenge with the method S256.',
  },
  challengeMethodUnsupported: {
    ...badRequest,
    code: 90023,
    message: ({ method }) =>
      `The code_challenge_method '${shown(method)}' is not supported, or its code_challenge is not 43 characters of base64url: use S256.`,
  },
  signInNeeded: {
    status: 400,
    error: 'login_required',
    code: 50058,
    message: () => 'A silent sign-in request was sent but no user is signed in.',
  },
  signInForged: {
    ...badRequest,
    code: 165000,
    message: () =>
      'Invalid Request: The request tokens do not match the user context. The page was open for too long, or cookies ' +
      'are not kept: start the sign-in again.',
  },
  userCodeUnknown: {
    ...badRequest,
    code: 70018,
    message: () => "That code didn't work. Check the code and try again: it expires, and can be used once.",
  },
};
