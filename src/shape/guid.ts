/** A GUID as Azure writes them: a part of a regular expression that ignores case. */
export const guidForm = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

const whole = new RegExp(`^${guidForm}$`, 'i');

/** Whether a string is a GUID, in any case. */
export function isGuid(text: string): boolean {
  return whole.test(text);
}
