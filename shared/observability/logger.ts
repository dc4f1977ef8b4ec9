import { Logger } from '@aws-lambda-powertools/logger';

export type LogLevel = 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'SILENT';

/** Structured lines; an error's name, message and stack come with its line. */
export interface ServiceLog {
  info(message: string, line?: object): void;
  warn(message: string, line?: object): void;
  error(message: string, line?: object, error?: Error): void;
}

const thresholds: Readonly<Record<LogLevel, number>> = { DEBUG: 0, INFO: 1, WARN: 2, ERROR: 3, SILENT: 4 };

/** One service's lines on standard output, as CloudWatch Logs Insights reads them; what is not printed costs nothing. */
export function serviceLog(serviceName: string, logLevel: LogLevel): ServiceLog {
  const logger = new Logger({ serviceName, logLevel });
  const prints = (level: LogLevel) => thresholds[level] >= thresholds[logLevel];
  const silent = () => undefined;
  return {
    info: prints('INFO') ? (message, line) => logger.info(message, { ...line }) : silent,
    warn: prints('WARN') ? (message, line) => logger.warn(message, { ...line }) : silent,
    error: (message, line, error) => logger.error(message, { ...line, ...(error ? { error } : {}) }),
  };
}
