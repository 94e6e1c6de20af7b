/** Types of `concierge.js`, which puts `concierge` on the window. */

export interface Identifier {
  type: "login" | "loyalty_id" | "email" | "phone" | "crm_id" | "pos_id" | "device_id" | "cookie" | "click_id";
  value: string;
}

/** The moment of a question; the service refuses unknown fields. Money in the shop's currency. */
export interface Context {
  device_type?: string;
  page_type?: string;
  channel?: string;
  session_seconds?: number;
  hour?: number;
  product_id?: string;
  product_ids?: string[];
  cart_value?: number;
  country?: string;
  region?: string;
}

/** With a browser's key only these three; with a server's behind a proxy also `action`, `reason`, `rung` and more. */
export interface Decision {
  placement: string;
  content: Record<string, unknown>;
  personalization_id: string;
  [more: string]: unknown;
}

/** Fields of an event as `POST /v1/events` takes them, but for those that the snippet fills in itself. */
export interface EventFields {
  page_type?: string;
  product_id?: string;
  category?: string;
  query?: string;
  order_id?: string;
  quantity?: number;
  unit_price?: number;
  amount?: number;
  currency?: string;
  dwell_ms?: number;
  scroll_depth?: number;
  properties?: Record<string, unknown>;
  [more: string]: unknown;
}

export interface Settings {
  /** Base address of the service, without a slash at the end. */
  endpoint: string;
  /** A browser's key; it is public and bound to the page's origin. */
  key?: string;
  /** Milliseconds after which the page keeps what it shows; 300 unless given. */
  timeout?: number;
  context?: Context;
  identifiers?: Identifier[];
  /** A token of the shop's server that vouches for the identifiers. */
  userToken?: string;
  /** Name of the data layer that is read, `dataLayer` unless given; an empty text reads none. */
  dataLayer?: string;
  /** Whether the reading time of a page is told when it is left. */
  dwell?: boolean;
  /** By placement: fills a slot; false leaves what the shop wrote there. */
  renderers?: Record<string, (slot: HTMLElement, decision: Decision) => void | boolean>;
}

export interface Concierge {
  init(settings: Settings): Concierge;
  /** Name who has signed in; an empty list signs out. */
  identify(identifiers: Identifier[], userToken?: string): void;
  page(fields?: EventFields): void;
  /** Queue an event; it is sent within a quarter of a second, or when the page is left. */
  track(eventType: string, fields?: EventFields): void;
  /** Send an event at once; resolved when it is on the service's disk. */
  now(eventType: string, fields?: EventFields): Promise<void>;
  flush(): Promise<void>;
  /** Say what the visitor allows, by purpose. */
  consent(purposes: Record<string, boolean>): Promise<unknown>;
  decide(placements: string[], context?: Context): Promise<Decision[]>;
  /** Fill every element with `data-concierge-slot`; resolved with the decisions, or with none when time was up. */
  render(context?: Context): Promise<Decision[]>;
}

declare global {
  interface Window {
    concierge: Concierge;
  }
}
