// Copies the server's authority to where other containers may read it, as soon as the server has made one.
import { copyFileSync, existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

while (!existsSync('/data/ca.pem')) await setTimeout(100);
copyFileSync('/data/ca.pem', '/trust/ca.pem');
