extension KubernetesJob {
  /// The policy that lets the pods connect to each other and to name servers, and isolates them from all others.
  /// Workers listen for each other at free ports, so all TCP ports of the job's pods are open to the job's pods.
  var networkPolicyDocument: YAMLValue {
    let pods: YAMLValue = [["podSelector": ["matchLabels": selector]]]
    let tcp: YAMLValue = [["protocol": "TCP"]]
    return [
      "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata(),
      "spec": [
        "podSelector": ["matchLabels": selector],
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [["from": pods, "ports": tcp]],
        "egress": [
          ["to": pods, "ports": tcp],
          ["ports": [["protocol": "UDP", "port": 53], ["protocol": "TCP", "port": 53]]],
        ],
      ],
    ]
  }
}
