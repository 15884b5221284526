import type { Command } from '../command.ts';
import { zshScript } from '../completion/zsh.ts';
import { completedCommands } from '../completion/words.ts';

export const completionZsh: Command = {
  name: 'completion zsh',
  synopsis:
    'Prints the script by which zsh completes commands: eval "$(postern completion zsh)" in ~/.zshrc, after compinit, turns it on.',
  options: {},
  required: [],
  flags: { json: 'as JSON: { shell, script }' },
  isWithoutData: true,
  async run() {
    const script = zshScript(await completedCommands());
    return { json: { shell: 'zsh', script }, text: script.trimEnd() };
  },
};
