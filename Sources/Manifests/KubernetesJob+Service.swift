extension KubernetesJob {
  /// The headless Service, which gives each pod a host name: `NAME-0.NAME` is that of the first one.
  var serviceDocument: YAMLValue {
    [
      "apiVersion": "v1", "kind": "Service", "metadata": metadata(),
      "spec": [
        "clusterIP": "None",
        // The other pods must find the first one before its probe succeeds.
        "publishNotReadyAddresses": true,
        "selector": selector,
        "ports": [["name": "coordinator", "port": .integer(Self.port)]],
      ],
    ]
  }

  func metadata(named other: String? = nil) -> YAMLValue {
    ["name": .string(other ?? name), "namespace": .optional(namespace), "labels": selector]
  }

  /// The labels of all objects of the job.
  var selector: YAMLValue {
    ["app.kubernetes.io/name": "atelier", "app.kubernetes.io/instance": .string(name)]
  }
}
