"""What all surfaces share: authentication, bodies, downloads, paging, problem documents."""
