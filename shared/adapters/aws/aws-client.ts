import type { STSClientConfig } from '@aws-sdk/client-sts';

/** Where AWS is and who asks; what is left out, the SDK takes from the environment (region, role, profile). */
export interface AwsConnection {
  /** Instead of AWS itself, such as a test server's. */
  endpoint?: string;
  region?: string;
  credentials?: NonNullable<STSClientConfig['credentials']>;
}

/** How long one attempt of a call may take, in milliseconds. */
export interface AwsTimeouts {
  connect?: number;
  request?: number;
}

/**
 * What every AWS client is made with: three attempts with back-off, and no call that hangs. A call ends after at most
 * `request` milliseconds an attempt; bodies of answers may stream for longer.
 */
export const awsClientConfig = (connection: AwsConnection = {}, timeouts: AwsTimeouts = {}) => ({
  ...connection,
  maxAttempts: 3,
  requestHandler: {
    connectionTimeout: timeouts.connect ?? 3000,
    requestTimeout: timeouts.request ?? 10_000,
    throwOnRequestTimeout: true,
  },
});
