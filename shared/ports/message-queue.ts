export interface OutgoingMessage {
  body: string;
  /** Messages of one group keep their order among themselves (events), or share capacity fairly (dispatch). */
  group: string;
  /** Sent twice with one id within five minutes, it is delivered once where the queue supports it. */
  deduplicationId?: string;
}

export interface ReceivedMessage {
  id: string;
  body: string;
  group: string;
  /** How often this message has been handed out, this time included. */
  receiveCount: number;
  receipt: string;
}

/** At least once; what is not acknowledged comes again, and after the queue's limit of receives goes to its dead-letter queue. */
export interface MessageQueue {
  send(messages: readonly OutgoingMessage[]): Promise<void>;
  /** Waits up to `waitSeconds` for at most `limit` messages. */
  receive(options: { limit: number; waitSeconds: number }): Promise<ReceivedMessage[]>;
  acknowledge(receipt: string): Promise<void>;
  /** Gives the message back, to be handed out again after the delay. */
  release(receipt: string, delaySeconds: number): Promise<void>;
}
