/** Names that are not simply written apart. */
const titles: Readonly<Record<string, string>> = {
  roc_auc: 'ROC AUC',
  pr_auc: 'PR AUC',
  f1: 'F1',
  r2: 'R²',
  rmse: 'RMSE',
  mae: 'MAE',
  mse: 'MSE',
  top_k: 'guesses of top-k accuracy',
  top_k_accuracy: 'top-k accuracy',
};

/** A metric's name as people write it: `roc_auc` is ROC AUC, `log_loss` log loss. */
export function metricTitle(name: string): string {
  const prefixed = /^(validation|training|test)_(.+)$/.exec(name);
  if (prefixed) return `${prefixed[1]} ${metricTitle(prefixed[2] ?? '')}`;
  return titles[name] ?? name.replaceAll('_', ' ');
}

/** With a capital first letter, to head a section. */
export const capitalized = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
