/** Pages of the makers' manuals that more than one cause refers to. */
export const nginxCore = 'https://nginx.org/en/docs/http/ngx_http_core_module.html';
export const nginxProxy = 'https://nginx.org/en/docs/http/ngx_http_proxy_module.html';
export const haproxyManual = 'https://docs.haproxy.org/2.8/configuration.html';
export const envoyTimeouts = 'https://www.envoyproxy.io/docs/envoy/latest/faq/configuration/timeouts';
export const albTroubleshooting =
  'https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html';
export const cloudflare5xx =
  'https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors';
export const dockerCertificates = 'https://docs.docker.com/engine/security/certificates/';
