"""What kind of machine this is is told from its files and its environment, and what to do there."""

from pathlib import Path

import pytest

from grader.surroundings import surroundings

MINE = Path("/home/ada/my katas")
ROOT = "22 1 0:20 / / rw - {} /dev/sda1 rw\n"
HOME = "23 22 0:21 / /home/ada/my\\040katas rw - {} server:/x rw\n"


@pytest.fixture
def machine(tmp_path):
    """Files of a system, by their paths."""

    def made(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return made


def mounts(root="ext4", mine=None):
    return {"proc__self__mountinfo": ROOT.format(root) + (HOME.format(mine) if mine else "")}


def release(text):
    return {"proc__sys__kernel__osrelease": text}


def found(root, folder=MINE, **environment):
    return {each.what: (each.said, each.todo) for each in surroundings(folder, environment, root)}


def test_there_is_nothing_to_say_of_an_ordinary_machine(machine):
    assert not found(machine(**mounts(), **release("6.1.0-13-amd64")))


def test_nor_of_one_without_such_files(tmp_path):
    assert not found(tmp_path)


def test_wsl_is_well_on_the_linux_side(machine):
    assert found(machine(**mounts(), **release("5.15.90.1-microsoft-standard-WSL2"))) == {"WSL": ("version 2", "")}


def test_in_wsl_a_windows_drive_is_said_and_what_to_do(machine):
    _, todo = found(machine(**mounts(mine="9p"), **release("5.15.90.1-microsoft-standard-WSL2")))["WSL"]
    assert "Windows drive" in todo
    assert "init ~/my-katas" in todo


def test_wsl_1_is_too_old(machine):
    said, todo = found(machine(**release("4.4.0-19041-Microsoft")))["WSL"]
    assert said == "version 1"
    assert "--set-version" in todo


@pytest.mark.parametrize(
    ("files", "environment", "said"),
    [
        ({".dockerenv": ""}, {}, "Docker"),
        ({"run__.containerenv": ""}, {}, "Podman"),
        ({}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "Kubernetes"),
        ({}, {"container": "lxc"}, "lxc"),
    ],
)
def test_a_container_is_told_and_what_ends_with_it(machine, files, environment, said):
    name, todo = found(machine(**files, **mounts("overlay")), **environment)["container"]
    assert name == said
    assert "ends with the container" in todo


def test_a_folder_of_the_host_stays(machine):
    assert found(machine(**{".dockerenv": ""}, **mounts("overlay", "ext4"))) == {"container": ("Docker", "")}


def test_colab_forgets_what_is_not_on_drive(machine):
    root = machine(**{".dockerenv": ""}, **mounts("overlay"))
    said, todo = found(root, Path("/content/my-katas"), COLAB_RELEASE_TAG="release-colab-20260101")["Colab"]
    assert "20260101" in said
    assert "Drive" in todo
    assert found(root, Path("/content/drive/MyDrive/katas"), COLAB_RELEASE_TAG="x")["Colab"] == ("release x", "")


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "fuse.sshfs", "9p", "virtiofs"])
def test_a_share_sends_no_events(machine, kind):
    said, todo = found(machine(**mounts(mine=kind)))["folder"]
    assert kind in said
    assert "polls" in todo


def test_of_several_mounts_at_a_place_the_last_counts(machine):
    table = ROOT.format("ext4") + HOME.format("nfs") + HOME.format("ext4")
    assert not found(machine(proc__self__mountinfo=table))
