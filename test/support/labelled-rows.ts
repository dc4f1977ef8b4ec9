/** A CSV of two numbers and a label that a line separates; enough rows keep a job busy for a while. */
export function labelledRows(count: number): Buffer {
  const lines = Array.from({ length: count }, (_, index) => {
    const x = Math.sin(index * 12.9898) * 3;
    const y = Math.cos(index * 78.233) * 3;
    return `${x.toFixed(4)},${y.toFixed(4)},${x + y > 0 ? 'above' : 'below'}`;
  });
  return Buffer.from(`x,y,side\n${lines.join('\n')}\n`);
}

export const longTraining = (dataset: string, name: string, epochs = 400) => ({
  kind: 'train',
  spec: {
    dataset,
    target: 'side',
    epochs,
    batch_size: 16,
    model: { family: 'mlp', hidden_units: [64, 64] },
    register: { name },
  },
});
