import { threeNodes } from './three-nodes.ts';

threeNodes('pooled');
