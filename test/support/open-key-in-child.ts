// Run as a child process: opens the key file, making it if need be, and prints what it derives from it.
import { openFileKeyService } from '../../shared/adapters/embedded/file-key-service';

const keys = await openFileKeyService(process.argv[2] ?? '');
process.stdout.write(Buffer.from(keys.derive('test')).toString('hex'));
