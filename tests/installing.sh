# For the install.sh of each kind of test that needs more than `make test`; they run in the root of the project.

# debian WHY PACKAGE...: Debian's packages, as root or by sudo. WHY: what is said where neither is to be had.
debian() {
    local why=$1 as_root=()
    shift
    if [ "$(id -u)" != 0 ]; then as_root=(sudo); fi
    if ! command -v apt-get >/dev/null || { [ -n "${as_root[*]}" ] && ! command -v sudo >/dev/null; }; then
        echo "$why" >&2
        exit 1
    fi
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends -y "$@"
}

# is_current VENV LOCK
is_current() {
    [ -e "$1/installed" ] && [ ! "$2" -nt "$1/installed" ]
}

# on_top VENV LOCK: a virtualenv that finds what .venv has beneath its own packages.
on_top() {
    local venv=$1 lock=$2 site beneath
    .venv/bin/python -m venv --clear --without-pip "$venv"
    site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    beneath=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    echo "import site; site.addsitedir('$beneath')" >"$site/beneath.pth"
    "$venv/bin/python" -m pip install --disable-pip-version-check --quiet --no-deps --requirement "$lock"
}
