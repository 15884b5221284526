"""
Mends two faults of Debian 13's packaging of azure-cli 2.74, for tests that type real commands into it. Python imports
a module of this name by itself at its start: put this folder on PYTHONPATH.

1. `az monitor` does not load: python3-antlr4 cannot read the tables of the lexers that azure-cli ships ("ord() expected
   string of length 1"). They parse the conditions of metric alerts and of autoscaling, which nothing here uses.
2. `az keyvault certificate` wants azure.keyvault.certificates._generated_models, a module of an older client than the
   one that Debian ships: get-default-policy, and a policy with "attributes", end with "'NoneType' object is not callable".
"""

import importlib
import sys
import types


def module(name, **members):
    made = types.ModuleType(name)
    vars(made).update(members)
    sys.modules[name] = made
    return made


class Anything(type):
    """A class whose members are classes: enough to be inherited from and referred to."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


for package, grammar in (("metric_alert", "MetricAlertCondition"), ("autoscale", "AutoscaleCondition")):
    for part in ("Lexer", "Parser"):
        name = grammar + part
        module(
            f"azure.cli.command_modules.monitor.grammar.{package}.{name}",
            **{name: Anything(name, (), {})},
        )


class Model:
    """A model of the older client: members by keyword, those of `optional` None when not given."""

    optional = ()

    def __init__(self, **members):
        vars(self).update(dict.fromkeys(self.optional), **members)


optional_members = {
    "Action": (),
    "CertificatePolicy": ("id", "attributes"),
    "IssuerParameters": ("certificate_type",),
    "KeyProperties": (),
    "LifetimeAction": (),
    "SecretProperties": (),
    "SubjectAlternativeNames": (),
    "Trigger": ("lifetime_percentage",),
    "X509CertificateProperties": ("subject_alternative_names", "ekus"),
}

key_usages = (
    "digitalSignature nonRepudiation keyEncipherment dataEncipherment keyAgreement keyCertSign cRLSign encipherOnly decipherOnly"
)


def snake(usage):
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in usage).replace("c_r_l", "c_rl")


class OlderModels(types.ModuleType):
    ActionType = type("ActionType", (), {"auto_renew": "AutoRenew", "email_contacts": "EmailContacts"})
    KeyUsageType = type("KeyUsageType", (), {snake(usage): usage for usage in key_usages.split()})

    def __getattr__(self, name):
        if name in optional_members:
            return type(name, (Model,), {"optional": optional_members[name]})
        if name == "CertificateAttributes":
            return importlib.import_module("azure.keyvault.certificates._generated.models").CertificateAttributes
        raise AttributeError(name)


older = "azure.keyvault.certificates._generated_models"
sys.modules[older] = OlderModels(older)
