// Run as a child process: sends message after message to the queue in the folder, and prints each one's number once it is sent.
import { join } from 'node:path';
import { openFileKeyService } from '../../shared/adapters/embedded/file-key-service';
import { openFileMessageQueue } from '../../shared/adapters/embedded/file-message-queue';
import { openRecordCipher } from '../../shared/adapters/embedded/record-cipher';

const [folder = '.', lane = '0'] = process.argv.slice(2);
const keys = await openFileKeyService(join(folder, 'key'));
const cipher = await openRecordCipher({ keys, file: join(folder, 'messages.key'), purpose: 'messages' });
const queue = await openFileMessageQueue({ folder: join(folder, 'queue'), cipher });

for (let number = 0; ; number += 1) {
  await queue.send([{ body: JSON.stringify({ lane, number }), group: lane }]);
  process.stdout.write(`${number}\n`);
}
