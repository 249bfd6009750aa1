import type { Page } from '../pages.ts';
import type { ProxyStyle } from '../proxy-styles.ts';

/**
 * How a proxy ends an exchange it answers itself.
 * - `keep-alive`: the answer is sent, the rest of the body is read and dropped, the connection stays (ALB, Cloudflare)
 * - `linger`: answer, FIN, then the body is read and dropped for a while (nginx `lingering_close`)
 * - `close-later`: the answer, which says that the connection closes; nothing more is read, and the connection is closed a second later
 *   (Envoy's `delayed_close_timeout`). What the client sends meanwhile stays unread in the buffers, and makes an RST of it
 * - `reset-after-reply`: answer, then RST at once: a client that still writes may lose the answer (nginx without lingering)
 * - `reset`: RST without an answer
 */
export type Ending = 'keep-alive' | 'linger' | 'close-later' | 'reset-after-reply' | 'reset';

/** What an answer shows in the place of the page that this kind of proxy has for the status. */
export type OtherPage = (style: ProxyStyle, status: number) => Page;

/** What is wrong with an edge, as data. Sizes are bytes of the request's body, times are milliseconds. */
export type Fault =
  /** Refuses larger bodies: at once when the length is declared, else after so many bytes. `status` default 413. */
  | { readonly kind: 'body-limit'; readonly limitBytes: number; readonly ending: Ending; readonly status?: number }
  /**
   * Request headers and body must have arrived within this time, whatever the progress (Traefik's readTimeout). `status`: several are
   * answered by turns.
   */
  | {
      readonly kind: 'total-duration';
      readonly limitMs: number;
      readonly ending: Ending;
      readonly status: number | readonly number[];
      readonly page?: OtherPage;
    }
  /** Response headers must come so soon after the last byte went upstream (Cloudflare 524, nginx 504). */
  | { readonly kind: 'response-timeout'; readonly limitMs: number; readonly status: number }
  /**
   * Longest pause between two reads of the body (nginx client_body_timeout, HAProxy timeout server). `whileWaiting`: silence
   * after the last byte counts, too, as at firewalls and load balancers that only see whether anything moves.
   */
  | {
      readonly kind: 'idle-cut';
      readonly limitMs: number;
      readonly ending: Ending;
      readonly status: number;
      readonly whileWaiting?: boolean;
    }
  /** The upstream sees nothing before the body is complete, then a Content-Length (nginx proxy_request_buffering on). */
  | { readonly kind: 'buffer-request' }
  /**
   * A body without Content-Length is not passed on; the upstream sees Content-Length: 0 (cloudflare/cloudflared#1485).
   * Up to `sparesBytes` (default 0) it is: an edge in front that has a small body whole knows its length.
   */
  | { readonly kind: 'drop-undeclared-body'; readonly sparesBytes?: number }
  /** Answers every request itself. */
  | { readonly kind: 'answer'; readonly status: number }
  | { readonly kind: 'throttle'; readonly bytesPerSecond: number; readonly direction: 'request' | 'response' };

/** The data of one kind of fault. */
export type FaultOf<Kind extends Fault['kind']> = Extract<Fault, { kind: Kind }>;
