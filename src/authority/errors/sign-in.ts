import type { SignInRefusal } from '../refusal.ts';
import { badRequest, shown } from './wire.ts';
import type { ErrorsOf } from './wire.ts';

/** The sign-in page cannot be shown, or what it sent cannot be taken. */
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
      'are not kept: begin to sign in anew.',
  },
  userCodeUnknown: {
    ...badRequest,
    code: 70018,
    message: () => "That code didn't work. Check the code and try again: it expires, and is good for one sign-in.",
  },
};
