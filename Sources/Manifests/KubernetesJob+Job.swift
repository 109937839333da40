extension KubernetesJob {
  /// The Indexed Job. The pod with index 0 coordinates; a replacement of it resumes the run from the claim.
  var jobDocument: YAMLValue {
    [
      "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata(),
      "spec": [
        "completionMode": "Indexed",
        "completions": .integer(workers), "parallelism": .integer(workers),
        "backoffLimit": 20,
        // A pod is replaced only when it has ended, so that two coordinators never write to one run.
        "podReplacementPolicy": "Failed",
        "podFailurePolicy": [
          "rules": [
            [
              "action": "FailJob",
              "onExitCodes": [
                "containerName": "atelier", "operator": "In",
                "values": .sequence(Self.permanentFailures.map { .integer($0) }),
              ],
            ],
            // Evicted and preempted pods are replaced without limit.
            ["action": "Ignore", "onPodConditions": [["type": "DisruptionTarget", "status": "True"]]],
          ]
        ],
        // The run is complete when its coordinator is.
        "successPolicy": ["rules": [["succeededIndexes": "0"]]],
        "template": ["metadata": ["labels": selector], "spec": podDocument],
      ],
    ]
  }
}
