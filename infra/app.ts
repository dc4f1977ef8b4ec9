import { App } from 'aws-cdk-lib';
import { addIngot } from './ingot';

addIngot(new App());
