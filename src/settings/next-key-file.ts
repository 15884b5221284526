/** The file of the key that a master key's file is about to be replaced by. */
export function nextKeyFile(file: string): string {
  return `${file}.next`;
}
