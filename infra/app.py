"""The CDK app: ``cdk`` runs this module (``cdk.json``). It needs neither an account nor Docker to synthesize."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import Annotations, App, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from infra.config import Config, config_from_context
from infra.stacks import FunctionsStack, HostStack, StoreStack

REPOSITORY = Path(__file__).resolve().parent.parent
SWITCHES = {
    # S3 writes the access log by a bucket policy, so that the bucket needs no ACLs.
    "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": True,
    # CloudFormation refuses to remove from the store what the host or the functions still use.
    "@aws-cdk/core:defaultCrossStackReferences": "strong",
    # What CloudFormation would warn of is an error.
    "@aws-cdk/core:validateAgainstDefaultRules": True,
}
"""CDK's feature flags. Set here and not in ``cdk.json``, so that the tests see what is deployed."""


def build(app: App, config: Config, repository: Path = REPOSITORY) -> tuple[StoreStack, HostStack, FunctionsStack]:
    """Put Paddock's stacks into an app; ``repository`` holds ``lambdas/<name>/Dockerfile``."""
    for name, value in SWITCHES.items():
        app.node.set_context(name, value)
    store = StoreStack(app, "PaddockStore", config=config)
    host = HostStack(app, "PaddockHost", config=config, store=store)
    functions = FunctionsStack(app, "PaddockFunctions", config=config, store=store, repository=repository)
    Tags.of(app).add("project", "paddock")
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    for name in config.placeholders:
        Annotations.of(store).add_warning_v2(
            f"paddock:{name}", f"paddock:{name} is still a placeholder: set it in infra/cdk.json."
        )
    return store, host, functions


def main() -> None:
    """Synthesize with the config of ``cdk.json``."""
    app = App()
    build(app, config_from_context(app.node))
    app.synth()


if __name__ == "__main__":
    main()
