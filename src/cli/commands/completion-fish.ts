import type { Command } from '../command.ts';
import { fishScript } from '../completion/fish.ts';
import { completedCommands } from '../completion/words.ts';

export const completionFish: Command = {
  name: 'completion fish',
  synopsis:
    'Prints the script by which fish completes commands: "postern completion fish | source" in ~/.config/fish/config.fish turns it on.',
  options: {},
  required: [],
  flags: { json: 'as JSON: { shell, script }' },
  isWithoutData: true,
  async run() {
    const script = fishScript(await completedCommands());
    return { json: { shell: 'fish', script }, text: script.trimEnd() };
  },
};
