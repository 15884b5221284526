/** Limits of objects (about-keys-secrets-certificates, about-secrets); a secret's value in bytes, the others in characters. */
export const objectLimits = {
  name: 127,
  secretValueBytes: 25 * 1024,
  contentType: 255,
  tags: 15,
  tagName: 512,
  tagValue: 512,
  pageSize: 25,
} as const;
