import { Logger } from '@aws-lambda-powertools/logger';

export type LogLevel = 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'SILENT';

/** Structured lines; an error's name, message and stack come with its line. */
export interface ServiceLog {
  info(message: string, line?: object): void;
  warn(message: string, line?: object): void;
  error(message: string, line?: object, error?: Error): void;
}

/** One service's lines on standard output, as CloudWatch Logs Insights reads them. */
export function serviceLog(serviceName: string, logLevel: LogLevel): ServiceLog {
  const logger = new Logger({ serviceName, logLevel });
  return {
    info: (message, line) => logger.info(message, { ...line }),
    warn: (message, line) => logger.warn(message, { ...line }),
    error: (message, line, error) => logger.error(message, { ...line, ...(error ? { error } : {}) }),
  };
}
