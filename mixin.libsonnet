// blobprobe as a mixin: jsonnet users vendor the generated boards and rules as they are.
//   local blobprobe = import 'blobprobe/mixin.libsonnet';
//   blobprobe { _config+:: { grafanaUrl: 'https://grafana.mine.example.org' } }
{
  _config+:: {
    grafanaUrl: 'https://grafana.example.org',
    runbookUrl: 'https://github.com/blobprobe/blobprobe/blob/main/docs/runbooks',
  },
  local rules(text) = std.parseYaml(
    std.strReplace(
      std.strReplace(text, 'https://grafana.example.org', $._config.grafanaUrl),
      'https://github.com/blobprobe/blobprobe/blob/main/docs/runbooks',
      $._config.runbookUrl
    )
  ),
  grafanaDashboards+:: {
    'blobprobe-overview.json': std.parseJson(importstr 'grafana/dashboards/blobprobe-overview.json'),
    'blobprobe-path.json': std.parseJson(importstr 'grafana/dashboards/blobprobe-path.json'),
  },
  prometheusRules+:: rules(importstr 'prometheus/blobprobe.rules.yaml'),
  prometheusAlerts+:: rules(importstr 'prometheus/blobprobe.alerts.yaml'),
}
