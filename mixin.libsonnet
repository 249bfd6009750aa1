// blobprobe as a mixin: jsonnet users vendor the generated boards and rules as they are.
//   local blobprobe = import 'blobprobe/mixin.libsonnet';
//   blobprobe { _config+:: { grafanaUrl: 'https://grafana.mine.example.org' } }
{
  _config+:: {
    grafanaUrl: 'https://grafana.example.org',
    runbookUrl: 'https://github.com/blobprobe/blobprobe/blob/main/docs/runbooks',
    // Where links to runs lead; as Prometheus reaches a prober, unless told otherwise.
    blobprobeUrl: 'http://{{ $labels.instance }}',
    // Share of pushes that are to work, 0.99: adds the rules for an objective. null: none.
    sloObjective: null,
  },
  local rules(text) = std.parseYaml(
    std.strReplace(
      std.strReplace(
        std.strReplace(text, 'https://grafana.example.org', $._config.grafanaUrl),
        'https://github.com/blobprobe/blobprobe/blob/main/docs/runbooks',
        $._config.runbookUrl
      ),
      'http://{{ $labels.instance }}',
      $._config.blobprobeUrl
    )
  ),
  local slo = rules(importstr 'prometheus/blobprobe.slo.yaml').groups,
  local objective = {
    name: 'blobprobe.slo.objective',
    rules: [{
      record: 'slo:objective:ratio',
      expr: 'vector(%s)' % $._config.sloObjective,
      labels: { sloth_id: 'blobprobe-pushes', sloth_service: 'blobprobe', sloth_slo: 'pushes' },
    }],
  },
  local ofObjective(groups) = { groups+: if $._config.sloObjective == null then [] else groups },
  local alerting(group) = std.objectHas(group.rules[0], 'alert'),
  grafanaDashboards+:: {
    'blobprobe-overview.json': std.parseJson(importstr 'grafana/dashboards/blobprobe-overview.json'),
    'blobprobe-path.json': std.parseJson(importstr 'grafana/dashboards/blobprobe-path.json'),
  },
  prometheusRules+:: rules(importstr 'prometheus/blobprobe.rules.yaml') +
                     ofObjective([objective] + [group for group in slo if !alerting(group)]),
  prometheusAlerts+:: rules(importstr 'prometheus/blobprobe.alerts.yaml') +
                      ofObjective([group for group in slo if alerting(group)]),
}
