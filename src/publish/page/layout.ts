import { html, htmlStart, type SafeHtml } from '../html.ts';

/** What every page needs to know of its surroundings. */
export interface PageFrame {
  /** What links begin with: empty, or the path of the external URL without a slash at its end. */
  readonly base: string;
  readonly telemetryPath: string;
  readonly version: string;
  readonly revision: string;
  readonly nodeVersion: string;
}

export interface Page {
  readonly title: string;
  readonly body: SafeHtml;
  /** The page shows the present: renew it. `often`: something moves. */
  readonly live?: boolean | 'often';
}

/** Seconds after which a browser without JavaScript loads a live page again, and one where something moves. */
const refreshSeconds = 30;
const oftenSeconds = 3;

/** The whole document. Without JavaScript everything works; with it a live page renews in place. */
export function layout(frame: PageFrame, page: Page): SafeHtml {
  const { base } = frame;
  return html`${htmlStart}
<title>${page.title} · blobprobe</title>
<link rel="stylesheet" href="${base}/style.css">
<link rel="icon" href="${base}/icon.svg" type="image/svg+xml">
${
  page.live !== undefined &&
  page.live !== false &&
  html`<noscript><meta http-equiv="refresh" content="${page.live === 'often' ? oftenSeconds : refreshSeconds}"></noscript>
<script src="${base}/app.js" defer></script>
`
}</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header>
<a class="name" href="${base}/">blobprobe</a>
<nav aria-label="Pages">
<a href="${base}/">Status</a>
<a href="${base}/runs">Runs</a>
<a href="${base}/report">Report</a>
<a href="${base}/config">Configuration</a>
<a href="${base}${frame.telemetryPath}">Metrics</a>
</nav>
</header>
<main id="main">
${page.body}
</main>
<footer>
<span>blobprobe ${frame.version}, revision ${frame.revision}, Node ${frame.nodeVersion}</span>
<span><a href="${base}/api/v1/status">JSON</a></span>
</footer>
</body>
</html>
`;
}
