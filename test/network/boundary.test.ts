import { coreRows } from './core-rows.ts';
import { testInLab } from './in-lab.ts';

testInLab('in real networks', coreRows);
