import { z } from 'zod';
import { type ContractMetricName, contractMetrics, isContractMetric } from './contract-metrics';

/** Kinds of processors that a compressed model may be made for. */
export const targetCpu = z.enum(['avx2', 'avx512vnni', 'arm64', 'any']);
export type TargetCpu = z.infer<typeof targetCpu>;

const metricNames = Object.keys(contractMetrics).filter(isContractMetric);
const [firstMetric = 'accuracy', ...otherMetrics] = metricNames;

/** What a smaller model must keep, to take the original's place. */
export const contractSpec = z.strictObject({
  /** Absent: accuracy or R² where the data set has the truth, else agreement or fidelity with the original. */
  metric: z
    .enum<readonly [ContractMetricName, ...ContractMetricName[]]>([firstMetric, ...otherMetrics])
    .optional(),
  /** How much worse the metric may be: 0.01 of accuracy is one point; of rmse, mae and median_absolute_error a share of the original's. */
  max_drop: z.number().min(0).default(0.01),
  /** Of the ONNX file. */
  max_bytes: z.number().int().min(1).optional(),
  /** Of one prediction, warm, on one thread of the machine that the job runs on; 95 of 100 take no longer. */
  max_latency_ms: z.number().positive().optional(),
  target: z
    .strictObject({
      /** `any` and `avx2`: 7-bit weights where products of 8 bits would saturate. */
      cpu: targetCpu.default('any'),
      /** Of a Lambda function. */
      memory_mb: z.number().int().min(128).max(10_240).optional(),
    })
    .prefault({}),
});
