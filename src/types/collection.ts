/** The three collections of a vault. What they share (versions, lists, soft delete) is written once, over any of them. */
export type Collection = 'secrets' | 'keys' | 'certificates';
